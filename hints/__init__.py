"""Pictures that tell a ControlNet what to keep: the joints of hands, the lines of faces, edges."""
